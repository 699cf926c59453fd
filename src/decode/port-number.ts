/** The schema of a TCP or UDP port. */

import { z } from 'zod';

export const portNumber = z
  .number({ error: 'must be a port number, 1-65535' })
  .refine((port) => Number.isInteger(port) && port >= 1 && port <= 65_535, {
    error: 'must be a port number, 1-65535',
  });
