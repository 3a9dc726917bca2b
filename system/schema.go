package system

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Schema returns the JSON Schema (2020-12) of surety.yaml, for editors and other
// programs. It is generated from the types Decode reads through: what it
// refuses, Decode refuses. References between entries are beyond it.
func Schema() []byte { return document[modelFile](SchemaURL, "Surety system model", "surety") }

// TermsSchema returns the JSON Schema of a terms file, see DecodeTerms.
func TermsSchema() []byte { return document[termsFile](TermsSchemaURL, "Surety terms", "surety-terms") }

// document is the schema of a whole file; version is the key that says which.
func document[T any](url, title, version string) []byte {
	s := schemaOf(reflect.TypeFor[T]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = url
	s["title"] = title
	s["properties"].(shape)[version].(shape)["const"] = 1
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil // maps of strings, numbers and booleans always encode
	}
	return append(b, '\n')
}

// shape is a JSON Schema.
type shape = map[string]any

const namePattern = "^[A-Za-z0-9][A-Za-z0-9._/-]*$"

// shaped is a type that accepts more than its Go type shows.
type shaped interface{ shape() shape }

func schemaOf(t reflect.Type) shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := reflect.Zero(t).Interface().(shaped); ok {
		return s.shape()
	}
	switch t.Kind() {
	case reflect.Map:
		return shape{"type": []string{"object", "null"}, "propertyNames": shape{"pattern": namePattern}, "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return shape{"type": []string{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Struct:
		return structSchema(t)
	case reflect.Bool:
		return shape{"type": "boolean"}
	case reflect.Int:
		return shape{"type": "integer"}
	case reflect.Float64:
		return shape{"type": "number"}
	}
	return shape{"type": "string"}
}

func structSchema(t reflect.Type) shape {
	properties, required := shape{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		s := schemaOf(f.Type)
		s["description"] = f.Tag.Get("doc")
		if p := f.Tag.Get("pattern"); p != "" {
			s["pattern"] = p
		}
		for key, tag := range map[string]string{"minimum": "min", "maximum": "max"} {
			if n, err := strconv.Atoi(f.Tag.Get(tag)); err == nil {
				s[key] = n
			}
		}
		properties[name] = s
		if option == "required" {
			required = append(required, name)
		}
	}
	s := shape{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	} else {
		s["type"] = []string{"object", "null"}
	}
	return s
}

func either(forms ...shape) shape { return shape{"anyOf": forms} }

var (
	textShape   = shape{"type": "string"}
	amountShape = shape{"type": []string{"number", "string"}, "minimum": 0, "pattern": `^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?[kMG]?\s*$`}
)

func (list) shape() shape {
	return either(textShape, shape{"type": []string{"array", "null"}, "items": textShape})
}

func (word) shape() shape { return shape{"type": []string{"string", "boolean", "null"}} }

func (level) shape() shape {
	allowed := []any{1, 2, 3, 4, nil}
	for _, words := range levelWords {
		for _, w := range words {
			allowed = append(allowed, w)
		}
	}
	return shape{"enum": allowed}
}

func (amount) shape() shape {
	return either(amountShape, shape{"type": "null"})
}

func (interval) shape() shape {
	return shape{"type": "array", "items": amountShape, "minItems": 2, "maxItems": 2}
}

func (triple) shape() shape {
	return shape{"type": "array", "items": amountShape, "minItems": 3, "maxItems": 3}
}

func (scenariosFile) shape() shape {
	return shape{"type": []string{"object", "null"}, "additionalProperties": schemaOf(reflect.TypeFor[scenarioFile]())}
}

func (costsFile) shape() shape {
	return shape{"type": []string{"object", "null"}, "additionalProperties": amountShape}
}

func (appetiteFile) shape() shape {
	return either(shape{"type": "string", "pattern": `^\s*[0-9.]+\s*%\s*:`},
		shape{"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": shape{"pattern": `%\s*$`}, "additionalProperties": amountShape})
}

func (categoryFile) shape() shape {
	names := make([]string, len(Categories))
	for i, c := range Categories {
		names[i] = string(c)
	}
	return shape{"enum": slices.Clone(names)}
}

func (offersFile) shape() shape {
	one := shape{"enum": offerNames()}
	return either(one, shape{"type": []string{"array", "null"}, "items": one})
}

func (grantFile) shape() shape {
	grants := shape{"type": []string{"object", "null"}, "additionalProperties": list{}.shape()}
	return either(grants, shape{"type": "array", "items": grants})
}

func (flowFile) shape() shape {
	ends := `\S.*->.*\S`
	detail := schemaOf(reflect.TypeFor[flowDetail]())
	return either(shape{"type": "string", "pattern": ends},
		shape{"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": shape{"pattern": ends},
			"additionalProperties": either(textShape, detail)})
}
