//go:build tools

// Package tools names the programs that build.sh compiles, so that `go mod tidy` keeps what they
// need. It is never compiled itself.
package tools

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
