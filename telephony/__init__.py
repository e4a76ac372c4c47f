"""The only home of panoramisk: raw Asterisk messages in, typed events out; commands in, AMI actions out."""
