# The forms of Perl's core modules; foreign.py says how it is spoken to.
use strict;
use warnings;
use Data::Dumper;
use Encode qw(decode FB_CROAK);
use JSON::PP;
use MIME::Base64 qw(encode_base64 decode_base64 encode_base64url);

$Data::Dumper::Terse = 1;
$Data::Dumper::Indent = 0;
$| = 1;

sub useqq { local $Data::Dumper::Useqq = 1; return Dumper($_[0]) }

my $single = [["'", "'"]];
my $double = [['"', '"']];
my @forms = (
    ['encode_base64', 3, 'base64', [], sub { encode_base64($_[0]) }],
    ["encode_base64, eol ''", 3, 'base64', [], sub { encode_base64($_[0], '') }],
    ['encode_base64url', 3, 'base64url', [], sub { encode_base64url($_[0]) }],
    ["sprintf '%02x'", 1, 'hex', [], sub { join '', map { sprintf '%02x', ord } split //, $_[0] }],
    ["sprintf '%02X', joined with ':'", 1, 'hex', [], sub { join ':', map { sprintf '%02X', ord } split //, $_[0] }],
    ["unpack 'H*'", 1, 'hex', [], sub { unpack 'H*', $_[0] }],
    ['quotemeta', 1, '', [], sub { quotemeta $_[0] }],
    ["sprintf '%%%02X' for all but A-Za-z0-9-._~", 1, 'percent', [], sub { my $s = $_[0]; $s =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ge; $s }],
    ["sprintf '%%%02x' for all but A-Za-z0-9", 1, 'percent', [], sub { my $s = $_[0]; $s =~ s/([^A-Za-z0-9])/sprintf '%%%02x', ord $1/ge; $s }],
    ['Data::Dumper', 1, '', [["'", "'"], ['"', '"'], ['', '']], sub { Dumper($_[0]) }],
    ['Data::Dumper, Useqq', 1, '', [['"', '"'], ["'", "'"], ['', '']], sub { useqq($_[0]) }],
);

print encode_json([map { [@$_[0 .. 3]] } @forms]), "\n";
while (my $line = <STDIN>) {
    my $text = decode_base64($line);
    print encode_json([map { encode_base64($_->[4]->($text), '') } @forms]), "\n";
}
