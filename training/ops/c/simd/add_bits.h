// For instruction sets that combine two vectors at a time.

// Of three words bit by bit, the sum and what it carries.
static inline words odd(words a, words b, words c) { return a ^ b ^ c; }
static inline words majority(words a, words b, words c) { return (a & b) | (c & (a ^ b)); }
