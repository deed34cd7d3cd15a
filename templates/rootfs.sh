#!/bin/sh
# Makes the root directory of the job image: busybox with its applets, CA
# certificates, and the few files without which programs are lost.
set -eu

root=$1
mkdir -p "$root/bin" "$root/etc/ssl/certs" "$root/usr/bin" "$root/usr/local/bin" "$root/tmp" "$root/builds" "$root/cache"
chmod 1777 "$root/tmp" "$root/builds" "$root/cache"

for busybox in /bin/busybox.static /bin/busybox /usr/bin/busybox; do
	[ ! -f "$busybox" ] || break
done
cp -L "$busybox" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
ln -s ../../bin/env "$root/usr/bin/env"

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnobody:x:65534:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
