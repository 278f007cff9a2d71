"""Documents of one commit: read strictly, validate, edit byte for byte. Pure."""
