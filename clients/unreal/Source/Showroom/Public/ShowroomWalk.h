#pragma once

#include "CoreMinimal.h"
#include "GameFramework/GameModeBase.h"
#include "ShowroomVisit.h"

#include "ShowroomWalk.generated.h"

/** The sample: a visit without a headset in whatever level is open. Make it the level's game mode
 *  (World Settings), press Play, fly with W A S D and the mouse; in the console (`) type
 *  `Say try on the t-shirt`. */
UCLASS()
class SHOWROOM_API AShowroomWalk : public AGameModeBase
{
    GENERATED_BODY()

public:
    AShowroomWalk();

    /** What one would say. */
    UFUNCTION(Exec) void Say(const FString& Text);
    /** Opens a room to shop together, or joins one by its code. */
    UFUNCTION(Exec) void Together(const FString& Room);

    virtual void BeginPlay() override;
    virtual void Tick(float Seconds) override;

private:
    UPROPERTY() TObjectPtr<AShowroomVisit> Visit;

    UFUNCTION() void Told(const FString& Text);
    UFUNCTION() void InRoom(const FString& Room);
};
