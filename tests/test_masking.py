"""What of a cell is masked as a secret, and what stays as it is."""

from __future__ import annotations

import ast
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_widgets.source.masking import MASK, masked, secrets_of

AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    "source",
    [
        "password = 'hunter2'",
        'DB_PASSWORD: str = "hunter2"',
        "connect(host='db', password='hunter2', port=1)",
        "config = {'user': 'ann', \"api_key\": 'hunter2'}",
        "os.environ['AZURE_CLIENT_SECRET'] = 'hunter2'",
        "os.environ.setdefault('MY_API_KEY', 'hunter2')",
        "key = os.getenv('API_KEY', 'hunter2')",
        "if secret == 'hunter2': pass",
        'self.private_key = """\nhunter2\n"""',
        "passphrase = rb'hunter2'",
        "%env API_TOKEN=hunter2",
        "%env API_TOKEN hunter2",
        "!export DB_PASSWORD=hunter2 && run",
        "!login --user ann --password hunter2",
        "!curl --token=hunter2 http://x",
        "out = !login --password hunter2",
        "%%bash\nexport SECRET_KEY='hunter2'\nlogin --password hunter2",
        "url = 'postgresql://ann:hunter2@db:5432/x'",
        "'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=hunter2==;'",
        "url = 'https://x.blob/y?sv=1&sig=hunter2%3D&se=2'",
        f"x = '{AWS}'",
        f"!git clone https://{GITHUB}@github.com/a/b",
        f"# {GITHUB}",
        "headers = {'Authorization': 'Bearer hunter2hunter2hunter2'}",
        "t = 'hf_" + "aBcDeFgHiJ" * 3 + "'",
        "t = 'sk-proj-" + "a1b2c3d4e5" * 4 + "'",
        "t = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'",
        "t = '''-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----'''",
        "wandb.login(key='" + "0a1b2c3d4e" * 4 + "')",
        "token = 'dapi" + "0123456789abcdef" * 2 + "'",
        "%set_env API_KEY hunter2",
        "%%writefile .env\nDB_HOST=db\nDB_PASSWORD=hunter2",
        "%%file secrets.yaml\nuser: ann\npassword: hunter2",
        f"%%writefile ~/.aws/credentials\n[default]\naws_secret_access_key = {'0a1b2c3d4e' * 4}",
        "os.putenv('API_TOKEN', 'hunter2hunter2')",
        "setattr(config, 'password', 'hunter2')",
        "config.set('db', 'password', 'hunter2')",
        "keyring.set_password('service', 'ann', 'hunter2')",
        "requests.get(url, auth=('ann', 'hunter2'))",
        "requests.get(url, auth=HTTPBasicAuth('ann', 'hunter2'))",
        "site.login('ann', 'hunter2')",
        "user, password = 'ann', 'hunter2'",
        "(user, password) = ('ann', 'hunter2')",
        "password = (\n    'hunter2'\n    'hunter2'\n)",
        "password = 'a' \\\n    'hunter2'",
        "password = 'a' + 'hunter2'",
        "password = SecretStr('hunter2')",
        "password = base64.b64decode('hunter2=')",
        "API_KEY: Final[str] = 'hunter2'",
        "db_pass = 'hunter2'; pw = 'hunter2'",
        "TOKEN = 'hunter2hunter2'",
        "requests.get('https://example.org/x?n=1&access_token=hunter2')",
        "url = 'https://hunter2hunter2@github.com/a/b.git'",
        "redis = 'redis://:hunter2@db:6379/0'",
        "headers = {'Authorization': 'Basic hunter2=='}",
        "headers = {'Authorization': 'token hunter2'}",
        "!curl -u ann:hunter2 https://example.org",
        "!curl -H 'Authorization: Bearer hunter2' https://example.org",
        "!curl -H 'X-Api-Key: hunter2' https://example.org",
        "!mysql -u root -phunter2 db",
        "!wandb login " + "0a1b2c3d4e" * 4,
        "os.system('PGPASSWORD=hunter2 psql')",
        "subprocess.run(['psql', '--password', 'hunter2'])",
        "subprocess.run('login --password hunter2', shell=True)",
        'config = json.loads(\'{"password": "hunter2"}\')',
        'config = """\n[db]\npassword = hunter2\n"""',
        "dsn = 'host=db user=ann password=hunter2 dbname=x'",
        "# password = 'hunter2'",
        "x = 'SG." + "aBcDeFgHiJ" * 2 + "." + "aBcDeFgHiJ" * 4 + "'",
        "x = 'https://hooks.slack.com/services/T0/B0/aBcDeFgHiJ'",
        "class Settings:\n    password: str = 'hunter2'",
        "class Settings:\n    secret: SecretStr = SecretStr('hunter2')",
        "class Settings:\n    api_key: str = Field(default='hunter2')",
        "if offline: password = 'hunter2'",
        "password: 'str | None' = 'hunter2'",
        "url = 'https://ann:p@hunter2@example.org/x'",
        "url = 'https://ann:p/hunter2@example.org/x'",
        "%%bash -s data.csv Xhunter2hunter2\necho $2",
        "!echo hunter2 | sudo -S apt-get install x",
        "!echo -n 'hunter2' | docker login -u ann --password-stdin",
        "!KEY=Xhunter2-x9 python train.py",
        "!sshpass -p hunter2 ssh host",
        "!docker login -u ann -p hunter2",
        "!unzip -P hunter2 data.zip",
        "!openssl enc -d -pass pass:hunter2 -in x",
        "%%writefile ~/.netrc\nmachine x login ann password hunter2",
        "%%writefile ~/.pgpass\ndb:5432:x:ann:hunter2",
        "%%sql\nCREATE USER ann WITH PASSWORD 'hunter2'",
        "db.execute(\"ALTER USER ann IDENTIFIED BY 'hunter2'\")",
        "print 'no Python'\npassword = hunter2-x",
    ],
)
def test_a_secret_is_masked(source: str) -> None:
    safe = masked(source)

    assert MASK in safe
    for secret in ("hunter2", AWS, GITHUB, "aBcDeFgHiJ", "a1b2c3d4e5", "eyJzdWI", "0a1b2c", "0123"):
        assert secret not in safe


@pytest.mark.parametrize(
    "source",
    [
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "tok.add_special_tokens({'pad_token': '<pad>', 'eos_token': '</s>'})",
        "df = df[['user', 'password', 'email']]",
        "run.log(key='val_loss', value=1)",
        "sorted(rows, key='layer1.attention.weights.0123')",
        "token = os.environ['API_TOKEN']",
        "password = getpass('Password: ')",
        "def login(user, password): ...",
        "parser.add_argument('--password', '-p', help='the password')",
        "max_tokens = 4096; key = 'bert-base-uncased-2024-01-01'",
        "import sklearn  # pip install scikit-learn sk-learn-contrib",
        "url = 'https://example.org/a@b'",
        "password = ''",
        "x = 'bearer of bad news'",
        "!python train.py --epochs 3",
        "author = 'Ann Example'",
        "secrets = load()",
        "connect(host=host, password=password, x=1)",
        "store(account_key=key_of(host), n=1)",
        "if password == given and token != other: pass",
        "headers = {'Authorization': f'Bearer {token}', 'n': 1}",
        "url = f'postgresql://{user}:{password}@{host}/x'",
        "dsn = f'host={host} password={password}'",
        "login(user, password=os.environ['DB_PASSWORD'])",
        "!login --password $DB_PASSWORD --user {user}",
        "!docker run -u 1000:1000 image",
        "with open('token.txt') as file: token = file.read()",
        "parser.add_argument('--password', help='as --password says')",
        "forward_pass = 'full'; first_pass = 'x'",
        "pwd = os.getcwd()",
        "it's = no 'python' # but don't mind",
        "print('step', 1, 'token', 2)  # a token: what a word is cut in",
        "class Token:\n    text: str = 'val_loss'",
        "url = 'http://localhost:8888/@scope/x?y=a@b'",
        "url = f'http://{host}:{port}/a@b'",
        "%%bash -s data/raw.csv 0.001 resnet50-v2 $1 --Fast\necho $2",
        "!echo ready | tee log.txt",
        "!KEY=val_loss python plot.py",
        "!docker run -p 8080:80 image && tar -p -xf x",
        "%%sql\nUPDATE user SET password = :password WHERE name = 'ann'",
        "pip install x\npassword = getpass()\nconnect(\n    password=password)",
        "!pip install x\ndb.connect(\n    password=salt-x)",
        "await login(\n    password=salt-x)\nhelp?",
    ],
)
def test_what_is_no_secret_stays(source: str) -> None:
    assert masked(source) == source


def test_masked_code_still_parses() -> None:
    source = textwrap.dedent(
        f"""
        password = "a\\"b"
        config = dict(api_key='x', n=3)
        os.environ["SECRET"] = f"x{{1}}y"
        token = '{GITHUB}'
        """
    )

    assert ast.parse(masked(source))


@given(st.text(max_size=300))
def test_masking_never_fails_and_does_it_all_at_once(source: str) -> None:
    once = masked(source)

    assert masked(once) == once


@pytest.mark.parametrize(
    "source",
    [
        "x = '" + "eyJ" * 200_000 + "'",
        "secret" * 100_000,
        "password = " * 50_000,
        "a" * 1_000_000,
        "'" * 100_000 + "password",
        "://" * 200_000,
        "%env " + "TOKEN" * 100_000,
        "setdefault('token'," * 30_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
        "'\\'" * 50_000,
        "password = ('a',\n" * 50_000,
        'x = """' + "password = " * 50_000,
        "a, " * 300_000 + "= 'x'",
        "!curl " + "-u a" * 200_000,
        "%%writefile x\n" + "token: " * 100_000,
        "%%bash\n" + "mysql -" * 100_000,
        "# " + "Authorization: " * 60_000,
    ],
    ids=lambda source: source[:12],
)
def test_masking_a_huge_cell_takes_no_time(source: str) -> None:
    start = time.process_time()
    masked(source)

    assert time.process_time() - start < 3


def test_a_secret_of_the_environment_is_masked_wherever_it_stands() -> None:
    environ = {"HF_TOKEN": "hunter2hunter2", "PWD": "/home/ann/work", "API_KEY": "short", "X": "y"}

    known = secrets_of(environ)

    assert known == ("hunter2hunter2",)
    assert masked("login('ann', x := 'hunter2hunter2')", known) == "login('ann', x := '***')"
