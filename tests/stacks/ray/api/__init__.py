"""A job API in front of a Ray cluster: `app` takes jobs, the `dispatcher` hands each to its model's
`processor`, which runs it through the `provider`, whose one connection to Ray is a `session`.
What happens when that connection breaks is chosen in `reconnect`."""
