module github.com/surety-cloud/surety/testenv/threagile

go 1.26

require github.com/threagile/threagile v0.9.1
