import socket

import psycopg
import pytest
import redis

from tests.servers import PostgresServer, RedisServer


def test_a_database_is_empty_and_ones_own(database_url: str) -> None:
    scheme = database_url.partition(":")[0]
    if scheme == "sqlite":
        assert "app.db" in database_url
        return
    with psycopg.connect(database_url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
        connection.execute("CREATE TABLE here (it int)")


def test_two_databases_do_not_see_each_other(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT to_regclass('here')").fetchone() == (None,)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1"])
def test_another_machine_cannot_be_reached(host: str) -> None:
    with socket.socket() as out, pytest.raises(RuntimeError, match="may not reach"):
        out.connect((host, 80))


def test_a_name_cannot_be_looked_up() -> None:
    with pytest.raises(RuntimeError, match="may not look up"):
        socket.create_connection(("example.org", 80), timeout=1)


def test_datagrams_cannot_leave_either() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as out, pytest.raises(RuntimeError, match="may not reach"):
        out.sendto(b"", ("192.0.2.1", 53))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


def test_a_redis_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("here", "it")


def test_the_next_redis_is_empty_too(redis_url: str) -> None:
    test_a_redis_is_empty(redis_url)


def test_a_redis_goes_and_comes_back_at_the_same_address(own_redis: RedisServer) -> None:
    own_redis.stop()
    with redis.Redis.from_url(own_redis.address, retry=None) as client:
        with pytest.raises(redis.ConnectionError):
            client.ping()
        own_redis.start()
        assert client.ping()


def test_a_paused_redis_answers_later(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.address, retry=None, socket_timeout=0.2) as client:
        with own_redis.paused(), pytest.raises(redis.TimeoutError):
            client.ping()
        assert client.ping()


def test_a_paused_redis_can_be_stopped(own_redis: RedisServer) -> None:
    with own_redis.paused():
        own_redis.stop()
        own_redis.start()
    with redis.Redis.from_url(own_redis.address) as client:
        assert client.ping()


def test_a_postgres_goes_and_comes_back_with_what_it_had(own_postgres: PostgresServer) -> None:
    with psycopg.connect(own_postgres.address) as connection:
        connection.execute("CREATE TABLE here (it int)")
    own_postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_postgres.address)
    own_postgres.start()
    with psycopg.connect(own_postgres.address) as connection:
        assert connection.execute("SELECT count(*) FROM here").fetchone() == (0,)
