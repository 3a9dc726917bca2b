package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Something stands where Tessera writes or reads, so that its own system calls fail
// while the log is served: EISDIR, ENOTDIR, EIO, and writes cut short by EFBIG. The log
// may stop, or its process end; once the fault is gone every leaf that was answered for
// is there once.
func TestTesseraFilesFail(t *testing.T) {
	if testing.Short() {
		t.Skip("serves a log nine times")
	}
	bin, felt := built(t), 0
	inTheWay := func(name string, put func(path string) error) func(string, int) (func() error, error) {
		return func(dir string, pid int) (func() error, error) {
			halt(t, pid) // it is to find what is in the way, and never nothing
			defer syscall.Kill(pid, syscall.SIGCONT)
			path, aside := filepath.Join(dir, name), filepath.Join(t.TempDir(), "aside")
			path = newest(path)
			if err := os.Rename(path, aside); err != nil {
				return nil, err
			}
			if err := put(path); err != nil {
				return nil, err
			}
			way, err := os.Lstat(path)
			return func() error {
				if now, err := os.Lstat(path); err == nil && now.Mode().Type() != way.Mode().Type() {
					return nil // the log was at it already, and has put a newer one in its place
				}
				return errors.Join(os.RemoveAll(path), os.Rename(aside, path))
			}, err
		}
	}
	folder := func(path string) error { return os.MkdirAll(filepath.Join(path, "in the way"), 0o755) }
	file := func(path string) error { return os.WriteFile(path, []byte("in the way"), 0o644) }
	broken := func(path string) error { return os.Symlink("/proc/self/mem", path) } // reading it is EIO
	for name, fault := range map[string]func(dir string, pid int) (undo func() error, err error){
		"state is a folder":      inTheWay(".state/treeState", folder),
		"state cannot be read":   inTheWay(".state/treeState", broken),
		"its lock is a folder":   inTheWay(".state/treeState.lock", folder),
		"head is a folder":       inTheWay("checkpoint", folder),
		"its lock too":           inTheWay(".state/publish.lock", folder),
		"tiles are a file":       inTheWay("tile/0", file),
		"entries are a file":     inTheWay("tile/entries", file),
		"entries cannot be read": inTheWay("tile/entries/000.p/*", broken),
		"files are cut short": func(_ string, pid int) (func() error, error) {
			out, err := exec.Command("prlimit", "--fsize=700", "--pid", fmt.Sprint(pid)).CombinedOutput()
			if err != nil {
				t.Skipf("no limit on files: %v: %s", err, out)
			}
			return func() error { return nil }, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := newServed(t, bin, filepath.Join(t.TempDir(), "log"))
			cmd, out := log.start(t)
			writers, stop := log.write(t)
			defer stop()
			waitFor(t, func() bool { _, err := os.Stat(filepath.Join(log.dir, "checkpoint")); return err == nil })
			time.Sleep(300 * time.Millisecond)
			undo, err := fault(log.dir, cmd.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()
			if err := undo(); err != nil {
				t.Fatal(err)
			}
			t.Logf("the process said: %s", lastLines(out))
			for _, e := range []error{syscall.EISDIR, syscall.ENOTDIR, syscall.EIO, syscall.EFBIG} {
				if strings.Contains(out.String(), e.Error()) {
					felt++
					break
				}
			}
			log.finish(t, stop)
			checkOnce(t, log.dir, writers, 20)
		})
	}
	if felt < 6 {
		t.Errorf("only %d faults were felt", felt)
	}
}

// newest is the file of a pattern that was written last.
func newest(pattern string) string {
	last, at := pattern, time.Time{}
	found, _ := filepath.Glob(pattern)
	for _, path := range found {
		if info, err := os.Lstat(path); err == nil && info.ModTime().After(at) {
			last, at = path, info.ModTime()
		}
	}
	return last
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited for 30 s in vain")
}

func lastLines(out *bytes.Buffer) string {
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "\n")
}

// disk is an ext4 file system on a loop device whose blocks lie in a tmpfs. What the
// kernel has not written to the device is lost with a cut; a full tmpfs is a device
// that fails.
type disk struct {
	pool, image, device, mount string
}

// newDisk mounts one, whose pool holds so many MB; it skips where that is not possible.
func newDisk(t *testing.T, pool int) *disk {
	t.Helper()
	d := &disk{pool: t.TempDir(), mount: t.TempDir()}
	d.image = filepath.Join(d.pool, "image")
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", pool), "tmpfs", d.pool).CombinedOutput(); err != nil {
		t.Skipf("no tmpfs for a disk: %v: %s", err, out)
	}
	t.Cleanup(func() {
		d.detach(t)
		if out, err := exec.Command("umount", d.pool).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, 64<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", d.image).CombinedOutput(); err != nil {
		t.Skipf("no ext4: %v: %s", err, out)
	}
	if err := d.attach(); err != nil {
		t.Skipf("no loop device: %v", err)
	}
	return d
}

// attach mounts the image. The kernel commits only when it is told to sync.
func (d *disk) attach() error {
	out, err := exec.Command("losetup", "-f", "--show", d.image).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	d.device = strings.TrimSpace(string(out))
	if out, err := exec.Command("mount", "-o", "commit=300", d.device, d.mount).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (d *disk) detach(t *testing.T) {
	t.Helper()
	if d.device == "" {
		return
	}
	for _, args := range [][]string{{"umount", d.mount}, {"losetup", "-d", d.device}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
	d.device = ""
}

// cut copies the image as it is between two writes to the device, and reports whether
// there was such a time.
func (d *disk) cut(t *testing.T, copied string) bool {
	t.Helper()
	writes := func() string {
		raw, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(d.device), "stat"))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(raw))
		return fields[4] + " done, under way: " + fields[8]
	}
	for range 20 {
		before := writes()
		if out, err := exec.Command("cp", "--sparse=always", d.image, copied).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if writes() == before && strings.HasSuffix(before, ": 0") {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// halt stops a process between its system calls.
func halt(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			return false
		}
		for _, path := range threads {
			raw, err := os.ReadFile(path)
			if _, after, ok := strings.Cut(string(raw), ") "); err != nil || !ok || !strings.HasPrefix(after, "T") {
				return false
			}
		}
		return len(threads) > 0
	})
}

// The power fails, ten times, with log and state on one ext4: what was not synced is
// gone. Every leaf that was answered for is in the log once, at the index that was
// told, and no head contradicts one that was seen. What a disk does that says synced and
// has not, and other file systems, are beyond this.
func TestPowerFails(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twenty seconds")
	}
	d := newDisk(t, 400)
	log := newServed(t, built(t), filepath.Join(d.mount, "log"))
	writers, stop := log.write(t)
	defer stop()
	lost, cuts := 0, 0
	for n := range 10 {
		cmd, out := log.start(t)
		waitFor(t, func() bool { _, err := os.Stat(filepath.Join(log.dir, "checkpoint")); return err == nil })
		time.Sleep(time.Duration(200+50*n) * time.Millisecond)
		unsynced := filepath.Join(d.mount, fmt.Sprint("unsynced", n))
		if err := os.WriteFile(unsynced, []byte("nobody asked to sync this"), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		halt(t, cmd.Process.Pid)
		copied := filepath.Join(d.pool, "copy")
		whole := d.cut(t, copied)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatalf("it ended by itself: %v: %s", err, out)
		}
		_ = cmd.Wait()
		if !whole {
			continue
		}
		cuts++
		d.detach(t)
		if err := os.Rename(copied, d.image); err != nil {
			t.Fatal(err)
		}
		if err := d.attach(); err != nil {
			t.Fatal(err)
		}
		if raw, err := os.ReadFile(unsynced); err != nil || len(raw) == 0 || raw[0] == 0 {
			lost++
		}
	}
	log.finish(t, stop)
	checkOnce(t, log.dir, writers, 50)
	t.Logf("%d cuts, %d of them lost what was not synced", cuts, lost)
	if cuts < 5 || lost == 0 {
		t.Errorf("%d cuts, of which %d lost what was not synced: the test shows nothing", cuts, lost)
	}
}

// The device under log and state fails: writes and syncs are EIO, or ENOSPC as the device
// itself has it. Nothing is answered for that is not there when the device is repaired.
func TestDiskBreaks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	d := newDisk(t, 40)
	log := newServed(t, built(t), filepath.Join(d.mount, "log"))
	cmd, out := log.start(t)
	writers, stop := log.write(t)
	defer stop()
	waitFor(t, func() bool { _, err := os.Stat(filepath.Join(log.dir, "checkpoint")); return err == nil })
	time.Sleep(500 * time.Millisecond)
	filler := filepath.Join(d.pool, "filler")
	if err := exec.Command("dd", "if=/dev/zero", "of="+filler, "bs=64k").Run(); err == nil {
		t.Fatal("the pool did not fill up")
	}
	time.Sleep(1500 * time.Millisecond)
	_ = cmd.Process.Kill() // it may have ended by itself
	_ = cmd.Wait()
	said := out.String()
	t.Logf("the process said: %s", lastLines(out))
	if !slices.ContainsFunc([]error{syscall.EIO, syscall.EROFS, syscall.ENOSPC}, func(e error) bool { return strings.Contains(said, e.Error()) }) {
		t.Errorf("the device did not fail under it: %s", said)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	d.detach(t)
	if out, err := exec.Command("e2fsck", "-fy", d.image).CombinedOutput(); err != nil {
		t.Logf("e2fsck: %v: %s", err, out) // it says 1 if it repaired something
	}
	if err := d.attach(); err != nil {
		t.Fatal(err)
	}
	log.finish(t, stop)
	checkOnce(t, log.dir, writers, 20)
}
