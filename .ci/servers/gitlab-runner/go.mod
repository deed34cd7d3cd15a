module github.com/maskrun/maskrun/.ci/servers/gitlab-runner

go 1.16

require (
	github.com/sirupsen/logrus v1.4.2
	github.com/urfave/cli v1.20.0
	gitlab.com/gitlab-org/gitlab-runner v1.11.1-0.20200110014830-8e5683f82927
	golang.org/x/crypto v0.33.0
	golang.org/x/net v0.35.0
	golang.org/x/sys v0.30.0
)

replace github.com/docker/docker v1.4.2-0.20190822180741-9552f2b2fdde => github.com/docker/engine v1.4.2-0.20190822180741-9552f2b2fdde

replace github.com/minio/go-homedir v0.0.0-20190425115525-017018655514 => gitlab.com/steveazz/go-homedir v0.0.0-20190425115525-017018655514
