"""Secrets: refused in a TOML, and masked in what a run says of itself."""

import pytest

from alsobought.runtime.redaction import is_secret, masked, recordable, secret_faults

KEEP_OUT = (
    "keep it out of the TOML, in the environment of the run ('${env.NAME}' in [spark] stands for a "
    "variable) or with a credential provider"
)
KEY = "spark.hadoop.fs.s3a.secret.key"


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "spark.hadoop.fs.s3a.access.key",
        "spark.hadoop.fs.s3a.bucket.mine.session.token",
        "spark.hadoop.fs.azure.account.key.shop.dfs.core.windows.net",
        "spark.ssl.keyPassword",
        "spark.authenticate.secret",
        "AWS_SECRET_ACCESS_KEY",
    ],
)
def test_settings_that_hold_secrets(key):
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "spark.kubernetes.authenticate.submission.oauthTokenFile",
        "spark.hadoop.fs.s3a.endpoint",
        "spark.sql.shuffle.partitions",
        "spark.driver.memory",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ],
)
def test_settings_that_do_not(key):
    assert not is_secret(key)


def test_a_toml_with_secrets_has_a_fault_for_each_that_does_not_repeat_it():
    raw = {
        "warehouse": "s3a://AKIAABCDEFGH:hush@bucket/tables",
        "spark": {
            KEY: "hush",
            "spark.hadoop.fs.s3a.access.key": "${env.AWS_ACCESS_KEY_ID}",
            "spark.driver.extraJavaOptions": "-Xss4m -Djavax.net.ssl.keyStorePassword=hush",
        },
        "sources": {"purchases": {"path": ["https://ann:hush@shop/x.csv"]}},
    }
    faults = secret_faults(raw)
    assert faults == [
        f"warehouse holds a password in its URI: {KEEP_OUT}",
        f"spark.{KEY} holds a secret: {KEEP_OUT}",
        f"spark.spark.driver.extraJavaOptions holds a secret: {KEEP_OUT}",
        f"sources.purchases.path holds a password in its URI: {KEEP_OUT}",
    ]


def test_a_toml_without_secrets_has_no_fault():
    raw = {
        "warehouse": "abfss://container@account.dfs.core.windows.net/tables",
        "spark": {"spark.hadoop.fs.s3a.aws.credentials.provider": "x.Provider"},
        "sources": {"purchases": {"path": "s3a://bucket/a:b@c/*.csv", "columns": {"x": "token"}}},
    }
    assert secret_faults(raw) == []


def test_what_is_said_of_a_run_has_masks_for_secrets(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "tea-and-jam")
    monkeypatch.setenv("SHOP_TOKEN", "short")  # too short: it would be masked in many a word
    said = (
        "s3a://ann:hush@bucket/a?X-Amz-Signature=abc123&x=1 with fs.s3a.secret.key=hush, "
        "AKIAABCDEFGHIJKLMNOP and tea-and-jam in short"
    )
    assert masked(said) == (
        "s3a://***@bucket/a?X-Amz-Signature=***&x=1 with fs.s3a.secret.key=***, *** and *** in "
        "short"
    )
    assert masked("no key is missing, and order 7 = 7") == "no key is missing, and order 7 = 7"


def test_what_is_recorded_of_a_failure_names_no_customer():
    said = "purchases: 2 keys come more than once: market 'all', order_id 'o7', line '1' in 2 rows."
    assert recordable(said) == (
        "purchases: 2 keys come more than once: market 'all', order_id ***, line '1' in 2 rows."
    )
    cast = (
        "Spark failed: [CAST_INVALID_INPUT] The value 'ann@shop' of the type \"STRING\" cannot be."
    )
    assert recordable(cast) == (
        "Spark failed: [CAST_INVALID_INPUT] The value *** of the type *** cannot be."
    )
