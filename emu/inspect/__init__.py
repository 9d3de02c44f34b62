"""What several fronts show: decoders, transcripts, views."""
