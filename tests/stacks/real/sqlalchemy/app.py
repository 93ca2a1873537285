# Notes in PostgreSQL through SQLAlchemy's default pool (no pool_pre_ping), as redash 7 had it (issue 3817).
import os
from flask import Flask, jsonify, request
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

engine = create_engine(os.environ["PG_URL"], pool_pre_ping=os.environ.get("PRE_PING") == "1")
with engine.begin() as c:
    c.execute(text("create table if not exists notes (id serial primary key, body text)"))
app = Flask(__name__)

@app.post("/notes")
def create():
    try:
        with engine.begin() as c:
            row = c.execute(text("insert into notes (body) values (:b) returning id, body"), {"b": request.json["body"]}).one()
    except SQLAlchemyError as e:
        return jsonify(error=f"database: {type(e).__name__}"), 500
    return jsonify(id=row.id, body=row.body), 201

if __name__ == "__main__":
    from waitress import serve
    serve(app, host="127.0.0.1", port=int(os.environ["API_PORT"]), threads=8)
