module github.com/surety-cloud/surety/testenv/vectors

go 1.26

require (
	filippo.io/mostly-harmless/ed25519vectors v0.0.0-20210322192420-30a2d7243a94
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
)
