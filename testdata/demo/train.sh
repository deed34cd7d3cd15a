#!/bin/sh
# train.sh behaves like a training job that leaks its keys, in the ways real
# jobs do. It trains nothing, uses no network and ends with exit code 0.
#
#   maskrun run -c testdata/demo/maskrun.yaml -- sh testdata/demo/train.sh
#
# Needs a POSIX sh (dash, bash, busybox), base64, cat, od, sed, tr.
#
# What it reads from its environment; maskrun.yaml gives the first six:
#
#   HF_TOKEN       token of a model hub          printed raw, in colour, in base64, in base64 twice, traced by set -x
#   WANDB_API_KEY  key of an experiment tracker  printed in JSON, in hex, as Basic authorization
#   DATABASE_URL   connection string             printed by a traceback, in base64 over two lines
#   DB_PASSWORD    the password inside it        printed in JSON, percent-encoded
#   DEPLOY_KEY     private key, several lines    printed raw, line by line behind a prefix, in JSON
#   DB_USER        user name, no secret          printed as it is, and stays
#   DEMO_FAST      set to 1: no pauses           (otherwise about two seconds in all)
set -eu
: "${HF_TOKEN:?is not set; run this under maskrun, see the first lines of train.sh}"
: "${WANDB_API_KEY:?is not set}" "${DATABASE_URL:?is not set}" "${DB_PASSWORD:?is not set}"
: "${DEPLOY_KEY:?is not set}" "${DB_USER:?is not set}"

esc=$(printf '\033')
red="${esc}[31m" green="${esc}[32m" bold="${esc}[1m" off="${esc}[0m"

# No network: a job would call the real one.
curl() { :; }

pause() { [ "${DEMO_FAST:-}" = 1 ] || sleep 0.07 2>/dev/null || :; }

# json prints $1 as the body of a JSON string.
json() { printf '%s' "$1" | sed -e 's/[\\"]/\\&/g' -e '$!s/$/\\n/' | tr -d '\n'; }

# urlencode prints $1 as a component of a URL.
urlencode() {
	printf '%s' "$1" | sed -e 's/%/%25/g' -e 's/+/%2B/g' -e 's/@/%40/g' -e 's,/,%2F,g' \
		-e 's/"/%22/g' -e 's/\\/%5C/g'
}

banner() {
	printf '%s== train.sh: resnet-demo, 3 epochs, batch 256 ==%s\n' "$bold" "$off"
	printf 'user %s, seed 42, device cpu\n' "$DB_USER"
}

# A program shows its settings, in JSON.
config_dump() {
	printf '{\n  "lr": 0.001,\n  "tracker": {"entity": "demo", "api_key": "%s"},\n' "$(json "$WANDB_API_KEY")"
	printf '  "db": {"user": "%s", "password": "%s"},\n' "$(json "$DB_USER")" "$(json "$DB_PASSWORD")"
	printf '  "deploy_key": "%s"\n}\n' "$(json "$DEPLOY_KEY")"
}

# A library puts the connection string into its error.
traceback() {
	cat >&2 <<-END
		Traceback (most recent call last):
		  File "train.py", line 88, in main
		    runs = connect(os.environ["DATABASE_URL"])
		  File "db.py", line 17, in connect
		    raise OperationalError(f"cannot reach {dsn}")
		${red}db.OperationalError${off}: cannot reach ${DATABASE_URL} (timeout after 5 s)
	END
	printf 'retrying with the cache at redis://:%s@cache.demo.invalid:6379/0 ... ok\n' "$(urlencode "$DB_PASSWORD")"
}

# A shell script traces its commands.
download() {
	basic=$(printf 'api:%s' "$WANDB_API_KEY" | base64)
	set -x
	curl -sS -H "Authorization: Bearer $HF_TOKEN" https://hub.demo.invalid/api/models/resnet-demo
	curl -sS -H "Authorization: Basic $basic" https://tracker.demo.invalid/graphql
	{ set +x; } 2>/dev/null
	printf 'downloaded 97.8 MB\n'
}

# A progress bar is redrawn on one line. Like most, it goes to stderr.
train() {
	for epoch in 1 2 3; do
		bar=
		for step in 1 2 3 4 5 6 7 8; do
			bar="$bar#"
			loss=$((9000 / (epoch * 8 + step)))
			printf '\r%sepoch %d/3%s [%-8s] %3d%%  loss %d.%03d' "$green" "$epoch" "$off" "$bar" \
				$((step * 100 / 8)) $((loss / 1000)) $((loss % 1000)) >&2
			pause
		done
		printf '\n' >&2
		printf 'epoch %d: loss %d.%03d, accuracy %d.%d%%\n' "$epoch" $((loss / 1000)) $((loss % 1000)) \
			$((90 + epoch * 2)) $((epoch * 3))
	done
}

# Somebody debugs a login, and forgets the lines.
debug() {
	# The match in a token is coloured, as grep --color does.
	printf 'grep: HF_TOKEN=%s\n' "$HF_TOKEN" |
		sed "s/maskrun/${esc}[01;31m${esc}[K&${esc}[m${esc}[K/"
	# "If it is in base64 the log does not mask it."
	printf 'token in base64: %s\n' "$(printf '%s' "$HF_TOKEN" | base64)"
	printf 'and once more: %s\n' "$(printf '%s' "$HF_TOKEN" | base64 | base64)"
	printf 'key in hex: %s\n' "$(printf '%s' "$WANDB_API_KEY" | od -An -v -tx1 | tr -d ' \n')"
	printf 'DATABASE_URL in base64:\n%s\n' "$(printf '%s' "$DATABASE_URL" | base64)"
	printf 'deploy key:\n'
	cat <<-END
		$DEPLOY_KEY
	END
	printf '%s\n' "$DEPLOY_KEY" | sed 's/^/  key| /'
}

banner
config_dump
traceback
download
train
debug
printf '%sdone%s: 3 epochs, model written to model.bin (not really)\n' "$green" "$off"
