package wagather

import "unsafe"

// Shape describes the memory layout of a structure and its JSON; contract.md defines the format.
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
// Each method takes the field's JSON name and its offset within the structure that began last.
type Shape []byte

// Object begins the shape of a structure of this size; End ends it.
func Object(size uintptr) Shape {
	return append(Shape(nil).number(size), '(')
}

// Any is the shape of Json, for any value.
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

// Optional makes the next field an optional number: the byte at this offset is 1 if it is present.
func (shape Shape) Optional(offset uintptr) Shape { return append(shape, '?').number(offset) }

// Text is a string.
func (shape Shape) Text(name string, offset uintptr) Shape { return shape.field('t', name, offset) }

// NumberText is a string, or the text of a number.
func (shape Shape) NumberText(name string, offset uintptr) Shape {
	return shape.field('v', name, offset)
}

// JSON is the text of any JSON value.
func (shape Shape) JSON(name string, offset uintptr) Shape { return shape.field('j', name, offset) }

// Bool is true or false.
func (shape Shape) Bool(name string, offset uintptr) Shape { return shape.field('y', name, offset) }

// Int8 is a signed integer.
func (shape Shape) Int8(name string, offset uintptr) Shape { return shape.field('b', name, offset) }

// Int16 is a signed integer.
func (shape Shape) Int16(name string, offset uintptr) Shape { return shape.field('h', name, offset) }

// Int32 is a signed integer.
func (shape Shape) Int32(name string, offset uintptr) Shape { return shape.field('i', name, offset) }

// Int64 is a signed integer.
func (shape Shape) Int64(name string, offset uintptr) Shape { return shape.field('q', name, offset) }

// Uint8 is an unsigned integer.
func (shape Shape) Uint8(name string, offset uintptr) Shape { return shape.field('B', name, offset) }

// Uint16 is an unsigned integer.
func (shape Shape) Uint16(name string, offset uintptr) Shape { return shape.field('H', name, offset) }

// Uint32 is an unsigned integer.
func (shape Shape) Uint32(name string, offset uintptr) Shape { return shape.field('I', name, offset) }

// Uint64 is an unsigned integer.
func (shape Shape) Uint64(name string, offset uintptr) Shape { return shape.field('Q', name, offset) }

// Float64 is a number.
func (shape Shape) Float64(name string, offset uintptr) Shape { return shape.field('d', name, offset) }

// OneOf is a uint8: the index of the string among the names, counted from 1, or 0 for any other string.
func (shape Shape) OneOf(name string, offset uintptr, names ...string) Shape {
	shape = shape.field('e', name, offset)
	for _, known := range names {
		shape = shape.name(known)
	}
	return append(shape, 0)
}

// Begin begins an object that is a structure within this one; End ends it.
func (shape Shape) Begin(name string, offset uintptr) Shape { return shape.field('(', name, offset) }

// Array begins a list of objects, which are structures of this size; End ends it.
func (shape Shape) Array(name string, offset, size uintptr) Shape {
	return append(shape.field('[', name, offset).number(size), '(')
}

// Texts is a list of strings: Array[Text].
func (shape Shape) Texts(name string, offset uintptr) Shape {
	return append(shape.field('[', name, offset).number(unsafe.Sizeof(Text{})), 't')
}

// Pairs is an object with arbitrary keys and string values: Array[Pair].
func (shape Shape) Pairs(name string, offset uintptr) Shape {
	shape = shape.field('{', name, offset).number(unsafe.Sizeof(Pair{}))
	return append(shape.number(unsafe.Offsetof(Pair{}.Value)), 't')
}

// End ends the object or list that began last, and finally the shape itself.
func (shape Shape) End() Shape { return append(shape, 0) }
