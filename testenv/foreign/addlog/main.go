// Command addlog makes litewitness's database know a log, as its witnessctl does:
//
//	addlog DATABASE ORIGIN VKEY
package main

import (
	"log"
	"os"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const emptyRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: addlog DATABASE ORIGIN VKEY")
	}
	db, err := sqlite.OpenConn(os.Args[1], 0)
	if err != nil {
		log.Fatal(err)
	}
	origin, vkey := os.Args[2], os.Args[3]
	for _, q := range []struct {
		text string
		args []any
	}{
		{"INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", []any{origin, emptyRoot}},
		{"INSERT INTO key (origin, key) VALUES (?, ?)", []any{origin, vkey}},
	} {
		if err := sqlitex.Execute(db, q.text, &sqlitex.ExecOptions{Args: q.args}); err != nil {
			log.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
}
