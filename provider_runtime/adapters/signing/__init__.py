"""Seals made and checked: Ed25519 through cryptography, HMAC-SHA-256 from the standard library."""
