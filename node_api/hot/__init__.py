"""What is asked most, as plain ASGI: verifying, proofs of the log, liveness. No vault, no key."""
