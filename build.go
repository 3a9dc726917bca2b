package surety

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Build is what a program was built from, as the Go toolchain recorded it.
type Build struct {
	Version  string // of the module, Development if none was recorded
	Revision string // of the repository, "" if it was not recorded
	Modified bool   // the revision was changed before it was built
	Go       string // the toolchain
	Platform string // such as linux/amd64
}

// Development is the version of a program that was built from a working tree.
const Development = "development"

// ThisBuild is what the running program was built from.
func ThisBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	b := Build{Version: info.Main.Version, Go: cmp.Or(info.GoVersion, runtime.Version()), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = Development
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// Exact reports whether the version names one program and no other: it was built
// from a module or a revision that nobody changed.
func (b Build) Exact() bool { return b.Version != Development && !b.Modified }

// String is the build as a person reads it, in two or three lines.
func (b Build) String() string {
	text := b.Version + "\n"
	if b.Revision != "" {
		text += "revision " + b.Revision
		if b.Modified {
			text += ", and changes to it"
		}
		text += "\n"
	}
	return text + "built by " + b.Go + " for " + b.Platform + "\n"
}
