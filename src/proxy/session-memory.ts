/** What Node is told of the memory of a connection of HTTP/2. */

/**
 * MB. Node counts what a stream holds of its body, and does not give it back where that is aborted: by 10 MB, unless told
 * otherwise, a connection that lives long would refuse every stream to come. What a peer can make us hold is bounded by
 * its streams, windows, field lists and interim responses, and by keeping small frames together.
 */
export const UNCOUNTED = 1_000_000;
