// What the classes that Faust generates expect to be declared before them. legato's own, CC0-1.0.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define FAUSTFLOAT float
struct Soundfile;
typedef struct {
    void* uiInterface;
    void (*openTabBox)(void*, const char*);
    void (*openHorizontalBox)(void*, const char*);
    void (*openVerticalBox)(void*, const char*);
    void (*closeBox)(void*);
    void (*addButton)(void*, const char*, FAUSTFLOAT*);
    void (*addCheckButton)(void*, const char*, FAUSTFLOAT*);
    void (*addVerticalSlider)(void*, const char*, FAUSTFLOAT*, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT);
    void (*addHorizontalSlider)(void*, const char*, FAUSTFLOAT*, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT);
    void (*addNumEntry)(void*, const char*, FAUSTFLOAT*, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT, FAUSTFLOAT);
    void (*addHorizontalBargraph)(void*, const char*, FAUSTFLOAT*, FAUSTFLOAT, FAUSTFLOAT);
    void (*addVerticalBargraph)(void*, const char*, FAUSTFLOAT*, FAUSTFLOAT, FAUSTFLOAT);
    void (*addSoundfile)(void*, const char*, const char*, struct Soundfile**);
    void (*declare)(void*, FAUSTFLOAT*, const char*, const char*);
} UIGlue;
typedef struct {
    void* metaInterface;
    void (*declare)(void*, const char*, const char*);
} MetaGlue;

// A generated class as a row of a table.
typedef struct {
    size_t size;
    void (*class_init)(int);
    void (*init)(void*, int);
    void (*clear)(void*);
    void (*ui)(void*, UIGlue*);
    void (*compute)(void*, int, FAUSTFLOAT**, FAUSTFLOAT**);
} Sound;
#define SOUND(name)                                                                               \
    {sizeof(name), classInit##name, (void (*)(void*, int))instanceInit##name,                     \
     (void (*)(void*))instanceClear##name, (void (*)(void*, UIGlue*))buildUserInterface##name,    \
     (void (*)(void*, int, FAUSTFLOAT**, FAUSTFLOAT**))compute##name}
