"""What this process may use of the machine, within the limits of a container and of the shell: memory and cores."""
