# Notes in PostgreSQL behind pgpool, each request with a connection of its own: what stays broken is pgpool.
import os

import psycopg2
from flask import Flask, jsonify, request

app = Flask(__name__)


def execute(*statement):
    connection = psycopg2.connect(os.environ["PG_DSN"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(*statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


@app.post("/notes")
def create():
    try:
        insert = "insert into notes (body) values (%s) returning id, body"
        id, body = execute(insert, (request.json["body"],))
    except psycopg2.Error as error:
        return jsonify(error=f"database: {type(error).__name__}"), 503
    return jsonify(id=id, body=body), 201


if __name__ == "__main__":
    from waitress import serve

    execute("create table if not exists notes (id serial primary key, body text)")
    serve(app, host="127.0.0.1", port=int(os.environ["API_PORT"]), threads=8)
