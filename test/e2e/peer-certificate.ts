/** Which certificate a server shows to callers that ask for a name. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';

export interface TlsAddress {
  readonly host: string;
  readonly port: number;
}

export async function peerCertificate(address: TlsAddress, servername: string): Promise<X509Certificate> {
  const socket = connect({ ...address, servername, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return new X509Certificate(socket.getPeerCertificate().raw);
  } finally {
    socket.destroy();
  }
}
