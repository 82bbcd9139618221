"""Who asks: tokens, proofs of keys, and the issuers that are trusted. Every service verifies by itself."""
