# A job API in front of Celery: POST /tasks, GET /tasks/<id>.
import os

from flask import Flask, jsonify, request
from tasks import add, app as celery
api = Flask(__name__)

@api.post("/tasks")
def create():
    try:
        r = add.delay(request.json["x"], 1)
    except Exception as e:
        return jsonify(error=f"broker: {type(e).__name__} {e}"), 503
    return jsonify(id=r.id), 202

@api.get("/tasks/<id>")
def get(id):
    try:
        r = celery.AsyncResult(id)
        state, result = r.state, r.result
    except Exception as e:
        return jsonify(error=f"result backend: {type(e).__name__} {e}"), 503
    return jsonify(state=state, result=result if state == "SUCCESS" else None, error=str(result) if state == "FAILURE" else None)

if __name__ == "__main__":
    api.run("127.0.0.1", int(os.environ["API_PORT"]), threaded=True)
