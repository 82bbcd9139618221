"""What is wrong with an installation, looked at from beside it; nothing is changed."""
