// Package architecture places a system on the reference architecture of ITU-T
// Y.3502 and draws both.
//
// New makes the View: every control that applies to the system stands on the
// functional component that the catalogue names for it, every check where the
// controls stand that it shows, every component where placement.yaml puts its type.
// A type that is not there is not placed, and listed. With an assessment each box
// knows how its responsibilities stand; without one it knows only whose they are.
//
//	view.System()     the system: services on the services they run on, zones in
//	                  them, components in these, flows as arrows between them
//	view.Reference()  the four layers and the functions across them, with the
//	                  controls of each functional component
//
// A drawing is a Scene: boxes, lines and labels in pixels, the same for the same
// view. WriteSVG and WriteInline write it. A system that is larger than a person can
// read is drawn in less detail: the components of a large zone become one box that
// counts them by type, then the zones of a large service, then the smallest
// services. Scene.Notes says what was collapsed. So a drawing has a bounded number
// of boxes and lines, whatever the size of the model.
//
// The layout is layered: what is reached first stands higher, neighbours of a row
// stand near what they are connected with. Arrows are routed in the gaps between
// boxes, at right angles, and end at the border of what they lead to.
package architecture
