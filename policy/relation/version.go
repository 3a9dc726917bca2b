package relation

//go:generate go test -run TestVersion -update .

// codeVersion names the code of this package, and is part of the version of its
// checks. A test fails while it is out of date; go generate writes it.
const codeVersion = "804e34ec4b6a0304"
