"""What customers say: scores first, then what their words are about, and how far either can be trusted."""
