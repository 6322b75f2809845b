"""What is done in a notebook that is attached to the run's Spark driver: its sessions, its files, and names that follow the warehouse's folders."""
