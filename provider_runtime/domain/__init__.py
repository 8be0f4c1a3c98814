"""What is true: values, pure rules, errors. No I/O, no clock, no environment."""
