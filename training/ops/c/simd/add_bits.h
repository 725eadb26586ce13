// For instruction sets without bitwise operations on three vectors.

// A full adder for each bit of three words: the sum and the carry.
static inline words odd(words a, words b, words c) { return a ^ b ^ c; }
static inline words majority(words a, words b, words c) { return (a & b) | (c & (a ^ b)); }
