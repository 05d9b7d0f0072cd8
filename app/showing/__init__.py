"""What a transcript's rows become before they are drawn."""
