"""What partners push: signed messages that are stored at once, mapped to commands of the owners, and held where they do not fit."""
