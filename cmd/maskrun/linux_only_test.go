//go:build !linux

package main

import "testing"

// watchProcesses needs /proc.
func watchProcesses(*testing.T, string) (mark string) { return "WATCHED_BY=nobody" }

// playRole is for the benchmarks of Linux.
func playRole() {}
