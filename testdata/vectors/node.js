// The forms of node; foreign.py says how it is spoken to.
'use strict';
const querystring = require('querystring');
const util = require('util');

const string = [['"', '"']];
const inspect = [["'", "'"], ['"', '"'], ['`', '`']];
const forms = [
  ['JSON.stringify', 1, '', string, JSON.stringify],
  ['JSON.stringify twice', 1, '', [['"\\"', '\\""']], (s) => JSON.stringify(JSON.stringify(s))],
  ['encodeURI', 1, 'percent', [], encodeURI],
  ['encodeURIComponent', 1, 'percent', [], encodeURIComponent],
  ['encodeURIComponent twice', 1, '', [], (s) => encodeURIComponent(encodeURIComponent(s))],
  ['URLSearchParams', 1, 'percent', [['k=', '']], (s) => new URLSearchParams({k: s}).toString()],
  ['querystring.escape', 1, 'percent', [], querystring.escape],
  ['URL password', 1, 'percent', [['http://u:', '@h/']], (s) => { const u = new URL('http://u@h/'); u.password = s; return u.href; }],
  ['Buffer base64', 3, 'base64', [], (s) => Buffer.from(s).toString('base64')],
  ['Buffer base64url', 3, 'base64url', [], (s) => Buffer.from(s).toString('base64url')],
  ['Buffer hex', 1, 'hex', [], (s) => Buffer.from(s).toString('hex')],
  ['base64 of utf16le', 3, '', [], (s) => Buffer.from(s, 'utf16le').toString('base64')],
  ['util.inspect', 1, '', inspect, (s) => util.inspect(s, {breakLength: Infinity})],
  ['console.log of an object', 1, '', [["{ k: '", "' }"], ['{ k: "', '" }'], ['{ k: `', '` }']],
    (s) => util.inspect({k: s}, {breakLength: Infinity})],
];

const lines = require('fs').readFileSync(0, 'latin1').split('\n').slice(0, -1);
console.log(JSON.stringify(forms.map((f) => f.slice(0, 4))));
for (const line of lines) {
  const s = Buffer.from(line, 'base64').toString();
  console.log(JSON.stringify(forms.map((f) => Buffer.from(f[4](s)).toString('base64'))));
}
