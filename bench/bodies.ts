/** What the upstream answers: always the same bytes. */

/** 100 bytes. */
export const SMALL_ANSWER = JSON.stringify({ orders: 'x'.repeat(87) });
export const KIBIBYTE = 'x'.repeat(1_024);
export const MEDIUM_KIBIBYTES = 10;
export const LARGE_ANSWER = KIBIBYTE.repeat(1_024);
