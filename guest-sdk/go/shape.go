package wagather

import "unsafe"

// Shape says how a structure lies in memory, and which JSON it is; contract.md says how.
//
//	type Pod struct {
//		Metadata struct{ Name wagather.Text }
//		Restarts int32
//	}
//
//	var pod = wagather.Object(unsafe.Sizeof(Pod{})).
//		Begin("metadata", unsafe.Offsetof(Pod{}.Metadata)).Text("name", 0).End().
//		Int32("restarts", unsafe.Offsetof(Pod{}.Restarts)).End()
//
// Each method takes the field's name in JSON and its offset, within the structure that was begun last.
type Shape []byte

// Object begins the shape of a structure of this size; it ends with End.
func Object(size uintptr) Shape {
	return append(Shape(nil).number(size), '(')
}

// Any is the shape of Json: any value.
func Any() Shape {
	return append(Shape(nil).number(unsafe.Sizeof(Json{})), 'j')
}

func (shape Shape) number(number uintptr) Shape {
	for ; number >= 0x80; number >>= 7 {
		shape = append(shape, byte(number&0x7f|0x80))
	}
	return append(shape, byte(number))
}

func (shape Shape) name(name string) Shape {
	return append(append(shape, name...), 0)
}

func (shape Shape) field(kind byte, name string, offset uintptr) Shape {
	return append(shape, kind).number(offset).name(name)
}

func (shape Shape) pointer() unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(shape))
}

// Optional says that the next field is a number that may be absent: the byte at this offset is 1 if it is there.
func (shape Shape) Optional(offset uintptr) Shape { return append(shape, '?').number(offset) }

// Text is a string.
func (shape Shape) Text(name string, offset uintptr) Shape { return shape.field('t', name, offset) }

// NumberText is a string, or a number as the text that it is.
func (shape Shape) NumberText(name string, offset uintptr) Shape {
	return shape.field('v', name, offset)
}

// JSON is any value, as the text that it is.
func (shape Shape) JSON(name string, offset uintptr) Shape { return shape.field('j', name, offset) }

// Bool is true or false.
func (shape Shape) Bool(name string, offset uintptr) Shape { return shape.field('y', name, offset) }

// Int8 is a whole number, and so are those below.
func (shape Shape) Int8(name string, offset uintptr) Shape { return shape.field('b', name, offset) }

// Int16 is a whole number.
func (shape Shape) Int16(name string, offset uintptr) Shape { return shape.field('h', name, offset) }

// Int32 is a whole number.
func (shape Shape) Int32(name string, offset uintptr) Shape { return shape.field('i', name, offset) }

// Int64 is a whole number.
func (shape Shape) Int64(name string, offset uintptr) Shape { return shape.field('q', name, offset) }

// Uint8 is a whole number from 0 on.
func (shape Shape) Uint8(name string, offset uintptr) Shape { return shape.field('B', name, offset) }

// Uint16 is a whole number from 0 on.
func (shape Shape) Uint16(name string, offset uintptr) Shape { return shape.field('H', name, offset) }

// Uint32 is a whole number from 0 on.
func (shape Shape) Uint32(name string, offset uintptr) Shape { return shape.field('I', name, offset) }

// Uint64 is a whole number from 0 on.
func (shape Shape) Uint64(name string, offset uintptr) Shape { return shape.field('Q', name, offset) }

// Float64 is a number.
func (shape Shape) Float64(name string, offset uintptr) Shape { return shape.field('d', name, offset) }

// OneOf is a uint8: the number of the name that the string is, from 1 on, or 0.
func (shape Shape) OneOf(name string, offset uintptr, names ...string) Shape {
	shape = shape.field('e', name, offset)
	for _, known := range names {
		shape = shape.name(known)
	}
	return append(shape, 0)
}

// Begin begins an object that is a structure within this one; it ends with End.
func (shape Shape) Begin(name string, offset uintptr) Shape { return shape.field('(', name, offset) }

// Array begins a list of objects, which are structures of this size; it ends with End.
func (shape Shape) Array(name string, offset, size uintptr) Shape {
	return append(shape.field('[', name, offset).number(size), '(')
}

// Texts is a list of strings: Array[Text].
func (shape Shape) Texts(name string, offset uintptr) Shape {
	return append(shape.field('[', name, offset).number(unsafe.Sizeof(Text{})), 't')
}

// Pairs is an object of any keys, of strings: Array[Pair].
func (shape Shape) Pairs(name string, offset uintptr) Shape {
	shape = shape.field('{', name, offset).number(unsafe.Sizeof(Pair{}))
	return append(shape.number(unsafe.Offsetof(Pair{}.Value)), 't')
}

// End ends what was begun last, and the shape itself in the end.
func (shape Shape) End() Shape { return append(shape, 0) }
