# Builds one guest, GUEST; called by ../Makefile. The guest's own guest.mk sets
#	disk := NAME.MODE ...		the parts of NAME.img, in the order in which they run
#	partition := NAME.MODE ...	the parts of the active partition of NAME.img, if it has one
#	blank_disks := WORD ...		further, empty disks: NAME-WORD.img
#	cdrom := NAME.MODE ...		the parts of NAME.iso, if there is one
#	cdrom_files := NAME=PATH ...	further files on it
#	NAME.MODE := a.c b.S ...	a part's sources, from the guest's folder
#	flags := -DWORD ...		for the compiler
# MODE is real, protected or long.

all:

include $(GUEST)/guest.mk
FOLDER := $(BUILD)/$(GUEST)
TARGET := $(OUT)/$(GUEST)/$(GUEST)
PARTS := $(sort $(disk) $(partition) $(cdrom))
# Two cylinders of 16 heads and 63 sectors.
BLANK_SIZE := 1032192
mode = $(lastword $(subst ., ,$(1)))
TOOLS := lib/make_image.py lib/part.ld $(BUILD)/lib/boot.bin $(BUILD)/lib/boot-cd.bin $(BUILD)/lib/chain.bin \
	$(wildcard $(BUILD)/lib/*/libguest.a) lib/rules.mk $(GUEST)/guest.mk

define object
$(FOLDER)/$(1)/$(notdir $(basename $(2))).o: $(GUEST)/$(2) $(GUEST)/guest.mk Makefile
	@mkdir -p $$(@D)
	@$$(CC) $$(FLAGS_$(call mode,$(1))) -I$(GUEST) $(flags) -c $$< -o $$@
$(1)_objects += $(FOLDER)/$(1)/$(notdir $(basename $(2))).o
endef
$(foreach part,$(PARTS),$(foreach source,$($(part)),$(eval $(call object,$(part),$(source)))))

MAKE_IMAGE = $(PYTHON) lib/make_image.py --chain $(BUILD)/lib/chain.bin --script lib/part.ld --folder $(FOLDER) --out $@

$(TARGET).img: $(foreach part,$(disk) $(partition),$($(part)_objects)) $(TOOLS)
	@mkdir -p $(@D)
	@$(MAKE_IMAGE) --boot $(BUILD)/lib/boot.bin $(addprefix --partition=,$(partition)) $(disk)

$(blank_disks:%=$(TARGET)-%.img): $(GUEST)/guest.mk
	@mkdir -p $(@D)
	@rm -f $@
	@truncate -s $(BLANK_SIZE) $@

$(FOLDER)/cdrom.bin: $(foreach part,$(cdrom),$($(part)_objects)) $(TOOLS)
	@$(MAKE_IMAGE) --boot $(BUILD)/lib/boot-cd.bin --sector 2048 $(cdrom)

$(TARGET).iso: $(FOLDER)/cdrom.bin lib/make_iso.py $(foreach pair,$(cdrom_files),$(lastword $(subst =, ,$(pair))))
	@mkdir -p $(@D)
	@$(PYTHON) lib/make_iso.py --boot $< --out $@ $(cdrom_files)

# The first part's symbols are NAME.elf; those of further parts lie beside it. No two parts overlap.
FIRST := $(firstword $(disk) $(cdrom))
$(TARGET).elf: $(if $(disk),$(TARGET).img) $(if $(cdrom),$(TARGET).iso)
	@cp $(FOLDER)/$(FIRST).elf $@
	@$(foreach part,$(filter-out $(FIRST),$(PARTS)),cp $(FOLDER)/$(part).elf $(TARGET)-$(part).elf;)

# The machine file, its tests and their golden transcripts lie beside the images.
TEXTS := $(patsubst $(GUEST)/%,$(OUT)/$(GUEST)/%,$(wildcard $(GUEST)/*.toml $(GUEST)/*.transcript))
$(OUT)/$(GUEST)/%: $(GUEST)/%
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: all
.DELETE_ON_ERROR:
all: $(if $(disk),$(TARGET).img) $(blank_disks:%=$(TARGET)-%.img) $(if $(cdrom),$(TARGET).iso) $(TARGET).elf $(TEXTS)

-include $(wildcard $(FOLDER)/*/*.d)
