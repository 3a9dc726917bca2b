package guide

func partnerProperty(s *scene) finding {
	f := finding{not: "as an auditor you leave nothing of yours on " + names(s.services)}
	switch {
	case s.isSub(s.Party, "developer"):
		f.because("your code runs on %s, where others can read it", names(s.services))
	case !s.isSub(s.Party, "auditor"):
		f.ask("Do you leave code, methods or designs of yours on %s?", names(s.services))
	}
	for _, u := range first(s.data(s.held(), isProperty), 2) {
		f.because("%s is %s", u.Data.Name, u.Where())
	}
	return f
}

func suppliedIntegrity(s *scene) finding {
	f := finding{not: "as an auditor you supply no software to " + names(s.services)}
	if list := powers(s.held()); len(list) > 0 {
		f.because("through what you operate, %s", some(list, 3))
	}
	switch {
	case s.isSub(s.Party, "developer"):
		f.because("you supply software for %s: what is put into it on the way runs in your name", names(s.services))
	case !s.isSub(s.Party, "auditor"):
		f.ask("Do you hand on software, images or templates to %s?", names(s.services))
	}
	return f
}
