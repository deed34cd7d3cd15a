package httpx

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// metadataNets are where clouds have their metadata services, besides link-local
// addresses proper.
var metadataNets = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),      // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),   // Google
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba
}

// metadataNames are hosts that resolve to such an address inside a cloud.
var metadataNames = []string{"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}

// metadataHost tells whether the host of an address in a request is a metadata service's.
func metadataHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, name := range metadataNames {
		if host == name {
			return true
		}
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && metadataIP(ip)
}

// metadataAddress is metadataHost for an IP address with its port.
func metadataAddress(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	return err != nil || metadataIP(ap.Addr())
}

// isMetadata tells whether address, an IP address with its port, is one of o.Metadata.
func (o *Options) isMetadata(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	return err == nil && slices.ContainsFunc(o.Metadata, func(allowed string) bool {
		ip, err := netip.ParseAddr(allowed)
		return err == nil && ip == ap.Addr().Unmap()
	})
}

func metadataIP(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() {
		return true
	}
	for _, net := range metadataNets {
		if net.Contains(ip) {
			return true
		}
	}
	return false
}

// Loopback tells whether an address such as http://127.0.0.1:8200 is on this machine.
func Loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}
