"""An installation on one machine: init, processes and their pid files, logs, doctor."""
