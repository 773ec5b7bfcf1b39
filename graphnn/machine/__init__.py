"""What this process may use of the machine: memory and cores, within the limits of a container and of the shell."""
