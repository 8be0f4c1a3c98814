"""What keeps one provider's trouble from becoming everybody's: health by origin, and pace by provider."""
