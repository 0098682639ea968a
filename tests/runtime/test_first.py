from __future__ import annotations


def test_a_replica_answers_invocations(start, zoo):
    running = start(zoo / "iris")
    with running.client() as client:
        answer = client.post("/invocations", json={"inputs": [[5.1, 3.5, 1.4, 0.2]]})
        print(answer.text)
        for p in ("/", "/health", "/ping", "/nope"):
            print(client.get(p).text)
        columns = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
        answer = client.post("/invocations", json={"dataframe_split": {"columns": columns, "data": [[5.1, 3.5, 1.4, 0.2]]}})
        print(answer.text, answer.headers)
    print(running.lines)
    print(*running.log(), sep="\n")
    print(running.raw())
    running.order(5)
    assert running.wait_exit() == 0
