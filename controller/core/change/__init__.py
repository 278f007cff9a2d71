"""What a change still waits for before it acts: signers, freeze windows, its own date, its stages. Pure."""
