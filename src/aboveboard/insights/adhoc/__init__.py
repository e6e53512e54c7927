"""Ad hoc questions: somebody's own SQL over one project's data, and no way to anything else."""
