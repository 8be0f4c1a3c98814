"""What every store promises, whatever it stands on."""
