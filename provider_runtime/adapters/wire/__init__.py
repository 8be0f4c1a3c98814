"""The wires: pure codecs, one for each protocol, and the one adapter behind them all."""
