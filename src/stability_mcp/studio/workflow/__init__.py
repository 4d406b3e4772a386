"""What the studio does with workflows: plans, templates of the user's own, runs, delivery.

`workflow_plans` and `workflow_runs` are what the faces use.
"""
