package kubernetes

import (
	"slices"
	"strings"

	"github.com/surety-cloud/surety/evidence"
)

// withoutNulls returns v, which stands at key of an object of this kind, as the API
// server reads it: a field that is null is one left out, and in a map of texts it is
// the empty text. Rules that ask whether a field is there find what the server finds.
func withoutNulls(v *evidence.Value, kind, key string) *evidence.Value {
	if v.Is(evidence.Array) {
		fields := v.Fields()
		var changed []evidence.Field
		for i, e := range fields {
			now := withoutNulls(e.Value, kind, "")
			if now != e.Value && changed == nil {
				changed = slices.Clone(fields)
			}
			if changed != nil {
				changed[i].Value = now
			}
		}
		if changed == nil {
			return v
		}
		return evidence.NewArray(changed, v.Line())
	}
	return rewrite(v, func(own string, val *evidence.Value) *evidence.Value {
		switch {
		case !val.Is(evidence.Null):
			return withoutNulls(val, kind, own)
		case holdsTexts(kind, key):
			return evidence.NewString("", val.Line())
		}
		return nil
	})
}

// holdsTexts reports whether what stands at key is a map whose values are text.
func holdsTexts(kind, key string) bool {
	switch key {
	case "labels", "annotations", "matchLabels", "nodeSelector":
		return true
	case "data":
		return kind == "ConfigMap"
	case "selector":
		return kind == "Service" || kind == "ReplicationController"
	}
	return false
}

// clean returns the object without what is secret and what only the server
// writes, and the paths it withheld as secret. Status goes as well: no check
// reads it, and it changes from minute to minute.
func clean(v *evidence.Value, kind string) (body *evidence.Value, withheld []string) {
	secret := strings.EqualFold(kind, "Secret")
	body = rewrite(v, func(key string, val *evidence.Value) *evidence.Value {
		switch key {
		case "status":
			return nil
		case "metadata":
			return cleanMetadata(val)
		case "apiVersion", "kind", "type", "immutable":
			return val
		}
		if !secret {
			return val
		}
		// Anything else in a Secret may be a value under a misspelt key.
		withheld = append(withheld, strings.Clone(key))
		return blank(val)
	})
	return body, withheld
}

func cleanMetadata(meta *evidence.Value) *evidence.Value {
	return rewrite(meta, func(key string, val *evidence.Value) *evidence.Value {
		switch key {
		case "managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink":
			return nil
		case "annotations":
			kept := rewrite(val, func(key string, val *evidence.Value) *evidence.Value {
				if key == "kubectl.kubernetes.io/last-applied-configuration" {
					return nil // a copy of the object, secret values included
				}
				return val
			})
			if kept != val && kept.Len() == 0 {
				return nil
			}
			return kept
		}
		return val
	})
}

// blank keeps the keys of an object and turns everything else to null.
func blank(v *evidence.Value) *evidence.Value {
	if !v.Is(evidence.Object) {
		return evidence.NewNull(v.Line())
	}
	return rewrite(v, func(_ string, val *evidence.Value) *evidence.Value { return blank(val) })
}

// rewrite returns the object v with each value replaced by what f makes of it,
// nil for none. It returns v itself if nothing changes, and if v is no object.
func rewrite(v *evidence.Value, f func(key string, val *evidence.Value) *evidence.Value) *evidence.Value {
	if !v.Is(evidence.Object) {
		return v
	}
	fields := v.Fields()
	var changed []evidence.Field // nil as long as nothing changed
	for i, field := range fields {
		now := f(field.Key, field.Value)
		if changed == nil && now != field.Value {
			changed = append(make([]evidence.Field, 0, len(fields)), fields[:i]...)
		}
		if changed != nil && now != nil {
			changed = append(changed, evidence.Field{Key: field.Key, Value: now})
		}
	}
	if changed == nil {
		return v
	}
	return evidence.NewObject(changed, v.Line())
}
