// C++ whose constructors must have run: the counts begin at what a constructor set them to.
#include "wagather.h"

WAGATHER_RECORD("gatherer 1 constructors 0.1.0");

static volatile int seven = 7;

struct Count {
    int number;
    Count() : number(seven) {}
};

static Count count;

// What a reactor's start file does.
extern "C" void __wasm_call_ctors();
extern "C" __attribute__((export_name("_initialize"))) void initialize() { __wasm_call_ctors(); }

WAGATHER_GATHER { return count.number - 7; }
